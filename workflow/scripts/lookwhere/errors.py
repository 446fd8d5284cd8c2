"""The mistakes that a user can mend, told in one message."""

from collections.abc import Iterable
from difflib import get_close_matches


class StudyError(Exception):
    """A fault in the study's input. The message names the thing, the value and the way out."""


class InputError(StudyError):
    """An image that the net can't take."""


def is_out_of_memory(error: BaseException) -> bool:
    """Memory was refused: by the CPU, by CUDA and its libraries, or by MPS, each in its words."""
    phrases = ("out of memory", "allocate memory", "Unable to allocate", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(phrase in str(error) for phrase in phrases)


def hint(name: object, valid: Iterable[str], most: int = 12) -> str:
    """``did you mean 'vgg19'?`` for a near miss, else the valid names themselves."""
    names = sorted(set(valid))
    near = get_close_matches(str(name), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(names[:most])
    return f"valid: {shown}" + (f" and {len(names) - most} more" if len(names) > most else "")


def innermost(error: BaseException) -> str:
    """What the innermost cause says: libraries wrap it in words of their own."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def enumerate_errors(title: str, errors: list[str]) -> str:
    """One message from many: the title, then a line each."""
    return "\n".join([title, *(f"  - {error}" for error in errors)])
