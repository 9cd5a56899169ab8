"""Grading: collect what students handed in, restore it, run it in a sandbox, score it outside, and tell.

    make grade SUBMISSIONS=folder [ASSIGNMENT=03] [OUT=build/grades] [CLASS_WORD=word] [PRIVATE=folder]

collect → restore → sandbox (inside) → judging → score → feedback. What is protected against: docs/THREATS.md.
"""
