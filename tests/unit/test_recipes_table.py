"""One row a model and its conditions; texts of means and spreads, against cases worked out by hand."""

from __future__ import annotations

from made_up_recipes import CPU, GPU, entries, table

from course_utils.reference import recipe_pairs, recipe_records, recipes_table, reference_records


def cost(model: str, metric: str, values: list[float], **context: object) -> list[dict]:
    return entries(model, values, metric=metric, split="train", **context)


def test_table_has_means_over_seeds():
    records = table(
        entries("R1 published", [0.50, 0.54]),
        entries("R1 published", [0.9, 0.9], split="val"),
        cost("R1 published", "seconds", [1000, 3000]),
        cost("R1 published", "peak_bytes", [2e9, 2.2e9]),
        cost("R1 published", "parameters", [24_000_000, 24_000_000]),
        cost("R1 published", "flops", [1.234e9, 1.234e9]),
    )
    row = recipes_table(records).loc["R1 published"]

    assert row["test accuracy"] == "52.0 ± 2.8 %"
    assert row["seeds"] == "2"
    assert row["seconds"] == "2,000"
    assert row["peak memory (GB)"] == "2.1"
    assert row["parameters"] == "24,000,000"
    assert row["GFLOP a picture"] == "1.23"
    assert row["images/s"] == row["trainable"] == row["seconds to 90 % of the best"] == "–"
    assert row["conditions"] == "photographs, bundled weights, 64 px, 200 labels a class, CPU, 2 seeds"


def test_rows_are_sorted_by_recipe_then_form():
    expected = ["R2 published", "R2 MLP", "R5 published", "R5 published, 30 layers", "R5 corrected"]
    expected += ["R5 corrected, fine-tuned", "R5 random", "R5 frozen", "R5 CNN"]
    records = table(*(entries(model, [0.5]) for model in sorted(expected)))

    assert list(recipes_table(records).index) == expected


def test_conditions_are_not_mixed():
    records = table(
        entries("R1 corrected", [0.5]),
        entries("R1 corrected", [0.9], weights="imagenet", device=GPU, size=256),
    )
    frame = recipes_table(records)

    assert sorted(frame["test accuracy"]) == ["50.0 %", "90.0 %"]
    assert "GPU, 1 seed" in frame.iloc[1]["conditions"]


def test_a_copy_of_the_weights_is_a_condition_of_its_own():
    copy = {"weights": "imagenet", "note": "8-bit copy"}
    plain = entries("R5 corrected", [0.5], weights="imagenet")
    frame = recipes_table(table(plain, entries("R5 corrected", [0.9], **copy)))

    assert frame["test accuracy"].tolist() == ["50.0 %", "90.0 %"]
    assert frame.iloc[0]["conditions"].startswith("photographs, ImageNet's weights, 64 px")
    assert frame.iloc[1]["conditions"].startswith("photographs, ImageNet's weights (8-bit copy), 64 px")


def test_what_was_built_and_not_trained_has_no_row():
    own_size = cost("R1 published", "parameters_own_size", [4e7], size=256)
    frame = recipes_table(table(own_size, entries("R1 published", [0.5])))

    assert frame["test accuracy"].tolist() == ["50.0 %"]


def test_all_labels_and_a_network_from_scratch():
    records = table(entries("R5 CNN", [0.5], labels_per_class=None, weights="none", epochs=20, size=32))
    conditions = recipes_table(records).loc["R5 CNN", "conditions"]

    assert conditions == "photographs, random weights, 32 px, all labels, 20 epochs, CPU, 1 seed"


def test_a_training_that_was_repeated_counts_once():
    records = table(entries("R3 corrected", [0.5, 0.6]), entries("R3 corrected", [0.7]))

    assert recipes_table(records).loc["R3 corrected", "test accuracy"] == "65.0 ± 7.1 %"


def test_other_lessons_and_no_records():
    other = entries("R1 published", [0.5], lesson="05")

    assert recipes_table(table(other)).empty
    assert recipes_table(table()).empty
    assert "test accuracy" in recipes_table(table())


def test_a_gpu_is_told_from_a_processor():
    devices = [CPU, "AMD EPYC, 2 core(s)", "Apple M2, 8 cores", GPU, "NVIDIA A100-SXM4-40GB"]
    found = [recipe_records(table(entries("R5 CNN", [0.5], device=device))) for device in devices]

    assert [bool(records["gpu"].iloc[0]) for records in found] == [False, False, False, True, True]


def test_pairs_have_one_row_a_recipe():
    records = table(
        entries("R1 published", [0.1, 0.1], size=64),
        entries("R1 published, frozen", [0.3]),
        entries("R1 corrected", [0.50, 0.54], size=32),  # another size is a part of the correction
        entries("R1 corrected, head", [0.4]),
        cost("R1 published", "seconds", [100, 300]),
        cost("R1 corrected", "seconds", [80, 80], size=32),
        cost("R1 corrected", "flops", [1.5e8], size=32),
        entries("R1 MLP", [0.2]),
        entries("R2 published", [0.6]),
        entries("R1 published", [0.7], labels_per_class=None),
    )
    pairs = recipe_pairs(records)

    assert pairs.to_dict("list") == {
        "test accuracy": ["10.0 ± 0.0 % → 52.0 ± 2.8 %", "70.0 % → –", "60.0 % → –"],
        "seconds": ["200 → 80", "– → –", "– → –"],
        "GFLOP a picture": ["– → 0.15", "– → –", "– → –"],
        "labels of each class": ["200", "all", "200"],
    }
    assert list(pairs.index) == ["R1", "R1", "R2"]
    assert list(recipe_pairs(table()).columns) == list(pairs.columns)


def test_reference_results_have_a_pair_for_each_of_the_five_recipes():
    pairs = recipe_pairs(reference_records())

    assert list(pairs.index) == ["R1", "R2", "R3", "R4", "R5", "R5"]  # R5 with few labels, and with all
    assert not pairs.apply(lambda column: column.str.contains("–")).to_numpy().any()
