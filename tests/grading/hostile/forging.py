"""Pretending to be right."""
# ruff: noqa: E501 - code in texts

import textwrap

from hostile import Attack

FORGE = """
import json, os
folder = os.environ["COURSE_ANSWERS"]
path = os.path.join(folder, "90.json")
os.makedirs(folder, exist_ok=True)
def forge(text):
    with open(path, "w") as file:
        file.write(text)
"""


def forging(code: str) -> str:
    """Return code that can write the file of answers by ``forge(text)``."""
    return FORGE + textwrap.dedent(code)


ATTACKS = [
    Attack(
        "patch check, keep, json and open",
        """
        import builtins, json
        import course_utils.checks as checks, course_utils.checks.checking as checking
        import course_utils.checks.answers as answers, course_utils.checks.plain as plain
        verdict = {"kind": "flag", "value": True, "is_right": True, "points": 99, "exercise": "90.1"}
        plain.to_plain = checking.to_plain = lambda answer: verdict
        answers.keep = checking.keep = lambda exercise, plain, folder: print("RIGHT", exercise)
        checking.has_judges = lambda: True
        json.dumps = lambda *a, **k: '{"90.1": {"kind": "flag", "value": true, "is_right": true}}'
        builtins.print = lambda *a, **k: None
        def check(*arguments):
            return True
        """,
        honest=None,
        sample=True,
    ),
    Attack(
        "patch numpy and the comparison of arrays",
        """
        import numpy as np
        np.array_equal = np.allclose = lambda *a, **k: True
        np.ndarray = object
        class Yes:
            def __eq__(self, other): return True
            __ne__ = lambda self, other: False
        def twice(numbers):
            return Yes()
        """,
    ),
    Attack(
        "patch Keras and pandas",
        """
        import pandas as pd
        pd.DataFrame.equals = lambda *a: True
        import keras
        keras.Model.count_params = lambda self: 99
        def twice(numbers):
            return keras.Sequential([keras.layers.Dense(1)])
        leak("ran")
        """,
        cell_seconds=240,
    ),
    Attack(
        "objects that are equal to everything",
        """
        class Number(float):
            def __eq__(self, other): return True
            def __float__(self): return 1.0
            def __hash__(self): return 0
            def __array__(self, *a, **k): return __import__("numpy").zeros(5)
            def __iter__(self): return iter([1, 2, 3])
            def __len__(self): return 5
        class Answers(list):
            def __eq__(self, other): return True
            def tolist(self): return self
        def twice(numbers):
            return Answers([Number(1)] * 5)
        """,
        sample=True,
    ),
    Attack(
        "answers that pickle to a call",
        """
        import os, pickle
        class Bomb:
            def __reduce__(self):
                return (os.system, ("touch /tmp/pwned",))
        folder = os.environ["COURSE_ANSWERS"]
        for name in ("90.json", "90.pkl", "90.npy"):
            with open(os.path.join(folder, name), "wb") as file:
                pickle.dump(Bomb(), file)
        def twice(numbers):
            return Bomb()
        """,
    ),
    Attack(
        "forged file with points and verdicts",
        forging("""
        forge(json.dumps({"format": 1, "lesson": "90", "points": 99, "answers": {
            name: {"kind": "flag", "value": True, "is_right": True, "points": 2, "max_points": 2}
            for name in ("90.1", "90.1h", "90.3", "90.q1", "01.1")}, "verdicts": {"90.1": True}}))
        def check(*arguments):
            pass
        """),
        honest=None,
    ),
    Attack(
        "link, pipe and folder as file of answers",
        forging("""
        os.path.exists(path) and os.remove(path)
        os.symlink("/etc/passwd", path)
        check("90.3", "one")
        os.remove(path)
        os.mkfifo(path)
        check("90.3", "two")
        os.remove(path)
        os.mkdir(path)
        try:
            check("90.3", "three")
        finally:
            os.rmdir(path)
        os.rmdir(folder) if not os.listdir(folder) else None
        """),
    ),
    Attack(
        "huge, deep and odd JSON",
        forging("""
        def twice(numbers):
            raise ValueError
        keepers = [
            '{"format": 1, "lesson": "90", "answers": {"90.1": ' + "[" * 200_000 + "]" * 200_000 + "}}",
            '{"format": 1, "lesson": "90", "answers": {"90.1": {"kind": "number", "type": "int", "value": '
            + "9" * 4000 + "}}}",
            '{"format": 1, "lesson": "90", "answers": {"90.1": {"kind": "number", "type": "f", "value": NaN}}}',
            '{"format": 1, "lesson": "90", "answers": {"90.1": {"kind": "number", "type": "f", "value": 1e999}}}',
            '{"format": 1, "lesson": "90", "answers": {"90.1": {"kind": "flag", "value": true}, '
            '"90.1": {"kind": "list", "type": "list", "items": []}}}',
            '{"format": 1, "lesson": "90", "answers": {"90.1": {"kind": "array", "shape": [99999999, 99999999], '
            '"dtype": "float64", "min": 0, "max": 0, "mean": 0, "data": null}}}',
            "\\ud800", "null", "[]", "", '{"format": 1, "answers": 5}',
        ]
        import itertools
        turn = itertools.cycle(keepers)
        forge(next(turn))
        real_check = check
        def check(name, answer):
            forge(next(turn))
        """),
        honest=None,
    ),
    Attack(
        "gigabytes of answers",
        forging("""
        text = "x" * 19_000
        with open(path, "w") as file:
            file.write('{"format": 1, "lesson": "90", "answers": {')
            for number in range(20_000):
                file.write(f'"90.{number}": {{"kind": "text", "value": "{text}"}},')
        def check(*arguments):
            pass
        """),
        ends=("finished", "frames", "memory", "ended early"),
        honest=None,
    ),
    Attack(
        "forged frames to the grader",
        """
        import json, os, struct
        def frame(kind, payload):
            return struct.pack(">cI", kind, len(payload)) + payload
        for number in range(3, 64):
            try:
                for payload in (b'{"90.1": {"kind": "flag", "value": true, "points": 9, "is_right": true}}', b"[]",
                                b"\\xff\\xfe", b"[" * 100_000, b'{"90.1": 1, "90.1": 2}', b'{"90.1": NaN}'):
                    os.write(number, frame(b"A", payload))
                report = {"id": "ex-90-1-check", "ok": True, "points": 2, "text": "<script>alert(1)</script>"}
                os.write(number, frame(b"C", json.dumps(report).encode()))
                os.write(number, frame(b"E", b'{"points": 99}'))
                os.write(number, frame(b"Z", b"?") + struct.pack(">cI", b"A", 2**32 - 1) + b"x" * 100)
            except OSError:
                pass
        """,
        ends=("frames", "finished", "ended early"),
        honest=None,
    ),
    Attack(
        "oversized and odd predictions",
        """
        import numpy as np
        calls = iter([np.full(5, np.nan), np.zeros((3_000, 3_000)), np.array([object()] * 5), np.zeros(5, "V8"),
                      [10**400] * 5, [float("inf")] * 5, {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}])
        def twice(numbers):
            return next(calls)
        for _ in range(5):
            check("90.1", twice([]))
        """,
    ),
    Attack(
        "a model with code in it",
        """
        import os
        import keras
        model = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x, output_shape=(1,))])
        model.save(os.path.join(os.environ["COURSE_ANSWERS"], "90.keras"))
        def twice(numbers):
            return model
        leak("ran")
        """,
        cell_seconds=240,
    ),
    Attack(
        "markup and script in errors and answers",
        """
        check("90.3", "<script>alert('pwned')</script><img src=x onerror=alert(1)>")
        raise ValueError("</td></table><script>alert('pwned')</script>{{ 7 * 7 }}<iframe src=//example.org>")
        """,
    ),
]
