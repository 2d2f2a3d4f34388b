"""python -m modal_functions.media: a request on stdin, progress and an answer on stdout, as JSON lines."""

from modal_functions.media.entry import serve
from modal_functions.media.verbs import perform

if __name__ == "__main__":
    serve(perform)
