"""Errors that a user can fix, reported in one message."""

from collections.abc import Iterable
from difflib import get_close_matches


class StudyError(Exception):
    """An error in the study's input. The message names the thing, the value and the way out."""


class InputError(StudyError):
    """An image that the net can't process."""


class NotFiniteError(Exception):
    """Outputs of a net that are infinite or no numbers: what is computed from them is undefined."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: on the CPU, in CUDA and its libraries, or in MPS."""
    phrases = ("out of memory", "allocate memory", "Unable to allocate", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(phrase in str(error) for phrase in phrases)


def hint(name: object, valid: Iterable[str], most: int = 12) -> str:
    """``did you mean 'vgg19'?`` for a near miss, else the valid names."""
    names = sorted(set(valid))
    near = get_close_matches(str(name), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    listed = ", ".join(names[:most])
    return f"valid: {listed}" + (f" and {len(names) - most} more" if len(names) > most else "")


def root_cause(error: BaseException) -> str:
    """The message of the innermost cause, which libraries wrap in their own."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def enumerate_errors(title: str, errors: list[str]) -> str:
    """One message from many: the title, then a line each."""
    return "\n".join([title, *(f"  - {error}" for error in errors)])
