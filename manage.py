#!/usr/bin/env python
import gc
import os
import sys

from django.core.management import execute_from_command_line

from exports_site.shell import in_sentences

if __name__ == "__main__":
    gc.set_threshold(10_000, 10, 10)  # 700 by itself: a tenth of the start would go into looking at what stays
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exports_site.settings")
    with in_sentences(tracebacks="--traceback" in sys.argv):
        execute_from_command_line(sys.argv)
