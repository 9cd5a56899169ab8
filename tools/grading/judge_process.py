"""Judge answers in a process of its own, which can be ended: lines of JSON in, lines of JSON out."""

from __future__ import annotations

import json
import resource
import sys

from course_utils.checks import limits
from course_utils.checks.judges import LONGEST_TEXT, exercises, find_exercise, judge_answer
from course_utils.checks.names import NAME, lesson_of
from course_utils.checks.validation import Invalid, checked_plain

MEMORY = 8 * 2**30


def main() -> None:
    """Answer one request a line, until standard input ends."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    answer_to, sys.stdout = sys.stdout, sys.stderr  # a judge that prints does not disturb
    for line in sys.stdin:
        request = json.loads(line)
        answer_to.write(json.dumps(_answer(request)) + "\n")
        answer_to.flush()


def _answer(request: dict) -> object:
    if request["ask"] == "exercises":
        known = exercises(request["lesson"])
        told = ("name", "title", "points", "parts", "by_person")
        return [{name: getattr(exercise, name) for name in told} for exercise in known]
    return judge_frames(request["lesson"], request["class_word"], request["frames"])


def judge_frames(lesson: str, class_word: str, frames: list[str]) -> dict[str, dict]:
    """Judge what left a sandbox, trusting nothing: JSON objects exercise -> plain answer, later ones count.

    Returns:
        For each part of an exercise that has an answer: is_right, message, points, is_broken; of one that a
        person reads, the text.
    """
    answers, left_out = read_frames(lesson, frames)
    parts = [part for exercise in exercises(lesson) for part in exercise.parts]
    verdicts = {}
    for part in parts:
        if part in answers:
            verdict = judge_answer(part, answers[part], class_word)
            verdicts[part] = {
                "is_right": verdict.is_right,
                "message": str(verdict.message)[:2000],
                "points": verdict.points,
                "is_broken": verdict.is_broken,
                "text": _to_read(part, answers[part]),
            }
        elif part in left_out:
            message = f"The answer could not be read: {left_out[part]}."
            verdicts[part] = {"is_right": False, "message": message, "points": 0.0, "is_broken": True}
            verdicts[part] |= {"text": ""}
    return verdicts


def _to_read(part: str, answer: dict) -> str:
    """Return what a person must read of an answer, cut to the length that was asked for."""
    if not find_exercise(part).by_person or answer["kind"] != "text":
        return ""
    text = answer["value"].strip()
    cut = f" … (cut: it has {len(text):,} characters)" if len(text) > LONGEST_TEXT else ""
    return text[:LONGEST_TEXT] + cut


def read_frames(lesson: str, frames: list[str]) -> tuple[dict[str, dict], dict[str, str]]:
    """Return plain answers by exercise, and what was left out, exercise -> why."""
    answers: dict[str, dict] = {}
    left_out: dict[str, str] = {}
    for frame in frames:
        try:
            content = json.loads(frame, parse_constant=_refused, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError):
            continue
        for exercise, plain in content.items() if type(content) is dict else ():
            if not NAME.fullmatch(exercise) or lesson_of(exercise) != lesson or len(answers) > limits.ANSWERS:
                continue
            answers.pop(exercise, None)
            left_out.pop(exercise, None)
            try:
                answers[exercise] = checked_plain(plain)
            except (Invalid, RecursionError, ValueError, TypeError, KeyError) as error:
                left_out[exercise] = str(error)[:200]
    return answers, left_out


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands twice")
    return content


if __name__ == "__main__":
    main()
