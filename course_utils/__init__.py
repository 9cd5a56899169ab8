"""Helpers of the transfer learning course: everything dull, so that lessons can teach.

Import the modules that you need, for example ``from course_utils.cifar10 import load_cifar10``.
Importing this package does no work.
"""

__version__ = "0.1.0"
