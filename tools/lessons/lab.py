"""Notebooks as ``make lab`` gives them to JupyterLab: opening one changes nothing.

As soon as a kernel is there, JupyterLab writes the kernel's name and the version of its Python into the
notebook. Lessons store neither (who runs them has another Python), so each one counted as changed when it was
only opened, and was saved so after two minutes.

    python -m jupyterlab --ServerApp.contents_manager_class=tools.lessons.lab.Contents notebooks
"""

from __future__ import annotations

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

KERNEL = "python3"


class Contents(AsyncLargeFileManager):
    """Files as they are, but a notebook already says what JupyterLab would write into it."""

    async def get(self, path: str, content: bool = True, **how: object) -> dict:
        """Return a file as jupyter_server describes it. On disk, nothing changes."""
        model = await super().get(path, content, **how)
        if content and model["type"] == "notebook":
            model["content"]["metadata"] |= kernel_metadata()
        return model


def kernel_metadata() -> dict[str, dict]:
    """Return what JupyterLab writes into the metadata of a notebook that this Python's kernel runs."""
    spec = get_kernel_spec(KERNEL)
    kernel = {"display_name": spec.display_name, "language": spec.language, "name": KERNEL}
    return {"kernelspec": kernel, "language_info": IPythonKernel.language_info}
