# @title Run this cell first: it finds the course, or brings it here
import base64
import hashlib
import io
import os
import sys
import zipfile
from importlib.util import find_spec

REPOSITORY, TAG, DIGEST, CARRIED = "", "", "", ""
home, mounted = f"course{DIGEST[:8]}", "/content/drive/MyDrive/course.zip"
sys.path[:0] = filter(os.path.isdir, ["..", "../../..", ".", home])
if not find_spec("course_utils"):
    code = base64.b85decode(CARRIED)
    is_whole = hashlib.sha256(code).hexdigest() == DIGEST or not CARRIED
    assert is_whole, "This file was changed on its way: get it again."
    zips = [io.BytesIO(code)] if CARRIED else [*filter(os.path.isfile, ["course.zip", mounted])]
    assert zips or REPOSITORY, "The course is not here: put course.zip beside this notebook."
    if zips:
        assert zipfile.is_zipfile(zips[0]), f"{zips[0]} is damaged: get it again."
        zipfile.ZipFile(zips[0]).extractall(f"{home}.part")
        os.rename(f"{home}.part", home)
    else:
        clone = f"git clone -q --depth 1 -b {TAG} {REPOSITORY} {home}"
        assert os.system(clone) == 0, f"{REPOSITORY} could not be copied: is there a network?"
    sys.path[:0] = [home]
from course_utils.start import start  # noqa: E402

start()
