"""Profiles: what each word means, what auto chooses, and which overrides are refused."""

from __future__ import annotations

import dataclasses

import pytest
from messages import message_of

from course_utils import profiles
from course_utils.profiles import MAY_BE_NONE, PROFILES, Profile, load_profile

FIELDS = [field.name for field in dataclasses.fields(Profile) if field.name not in ("name", "reason")]
WRONG = {  # a value of another type for each kind of field
    int: ["3", 2.0, True, None, [3], 0, -1],
    float: ["0.1", 1, True, None],
    str: [1, None, True, ["drawn"]],
    bool: [1, 0, "True", None],
    tuple: [32, "32", [], (), [32, "64"], [32.0], [True], None, [0], [32, -1]],
}


def refused(name="offline", **overrides) -> str:
    return message_of(load_profile, name, **overrides)


@pytest.fixture
def gpus(monkeypatch):
    found: list[str] = []
    monkeypatch.setattr(profiles, "gpus", lambda: found)
    return found


def test_promises_of_the_words():
    offline, laptop, gpu = (load_profile(name) for name in ("offline", "laptop", "gpu"))
    assert (offline.data, offline.weights, offline.deterministic) == ("drawn", "bundled", True)
    for real in (laptop, gpu):
        assert (real.data, real.weights, real.limit_per_class) == ("auto", "imagenet", None)
    assert laptop.fine_tune_per_class
    assert gpu.fine_tune_per_class is None
    assert gpu.precision.startswith("mixed_")
    assert not gpu.deterministic


def test_lessons_10_and_18_find_the_pictures_that_they_need():
    for profile in PROFILES.values():
        total = profile.limit_per_class or 5000  # of CIFAR-10's training pictures
        held_out = round(total * profile.val_fraction)
        assert held_out >= profile.study_val_per_class
        assert total - held_out >= max(*profile.study_labels, 2 * profile.study_per_class)


def test_auto_takes_a_gpu_and_says_why(gpus):
    gpus.extend(["GPU:0", "GPU:1"])
    chosen = load_profile("auto")
    assert (chosen.name, chosen.reason) == ("gpu", "auto: found 2 GPU (GPU:0)")
    assert dataclasses.replace(chosen, reason=PROFILES["gpu"].reason) == PROFILES["gpu"]


def test_auto_without_gpu(gpus):
    chosen = load_profile()
    assert (chosen.name, chosen.reason) == ("laptop", "auto: found no GPU")
    assert load_profile("auto", mlp_epochs=2).mlp_epochs == 2


@pytest.mark.parametrize("name", ["ofline", "", None, 3, ["offline"], "Offline"])
def test_unknown_profile(name):
    message = refused(name)
    assert repr(name) in message
    assert "offline, laptop, gpu, auto" in message


def test_near_miss_is_suggested():
    assert "Did you mean 'offline'?" in refused("ofline")
    assert "Did you mean 'cnn_epochs'?" in refused(cnn_epoch=3)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", list(PROFILES))
def test_each_value_can_be_overridden(name, field):
    value = getattr(PROFILES["offline"], field)
    other = {bool: not value, int: 7, float: 0.33, str: "other", tuple: (7, 9)}[type(value)]
    other = "mixed_bfloat16" if field == "precision" else other
    changed = load_profile(name, **{field: other})
    assert getattr(changed, field) == other
    assert dataclasses.replace(changed, **{field: getattr(PROFILES[name], field)}) == PROFILES[name]


def test_lists_of_papermill_become_tuples():
    assert load_profile("offline", frozen_sizes=[32, 48]).frozen_sizes == (32, 48)


@pytest.mark.parametrize("field", FIELDS)
def test_each_override_is_checked_by_type(field):
    expected = type(getattr(PROFILES["offline"], field))
    for wrong in WRONG[expected]:
        if wrong is None and field in MAY_BE_NONE:
            assert getattr(load_profile("offline", **{field: None}), field) is None
        else:
            message = refused(**{field: wrong})
            assert repr(field) in message
            assert repr(wrong) in message


@pytest.mark.parametrize("fraction", [0.0, 1.0, 5.0, -0.1, float("nan")])
def test_fraction_lies_between_none_and_all(fraction):
    assert "above 0 and below 1" in refused(val_fraction=fraction)


def test_unknown_precision():
    message = refused(precision="float23")
    assert "float32, mixed_bfloat16, mixed_float16" in message
    assert "Did you mean 'float32'?" in message


@pytest.mark.parametrize("field", ["reason", "epochs", ""])
def test_unknown_field(field):
    assert repr(field) in refused(**{field: 1})


def test_overriding_leaves_the_profile_alone():
    before = dataclasses.asdict(PROFILES["offline"])
    load_profile("offline", mlp_epochs=99)
    assert dataclasses.asdict(PROFILES["offline"]) == before


def test_table_says_in_words_how_much_work_a_profile_is():
    table = load_profile("offline", fine_tune_size=40, mlp_epochs=99).table()
    assert table.loc["pictures", "this run"] == "drawn: 200 of each class"
    assert table.loc["epochs of MLP, CNN, stronger CNN", "this run"].startswith("99, ")
    assert table.loc["input of frozen and fine-tuned base", "this run"].endswith("and 40 pixels")
    assert load_profile("gpu").table().loc["pictures", "this run"].endswith("all of each class")
