"""The drawn stand-in for CIFAR-10: ten classes drawn by code, for a run without any download.

The pictures have the shape and the class names of CIFAR-10, and they were designed to show the order
of the methods. They are no photographs: a score on them says nothing about CIFAR-10.

How a picture is made: a scene (two surfaces, things behind), the object in a random view, pose, size,
place and colour, sometimes a thing in front; all on a canvas of four times the size, made smaller;
then light, colour cast, blur and noise.
"""

from __future__ import annotations

from course_utils.pictures.stand_in.draw import draw_cifar10, draw_images

__all__ = ["draw_cifar10", "draw_images"]
