#!/usr/bin/env python
import gc
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    gc.set_threshold(10_000, 10, 10)  # 700 by itself: a tenth of the start would go into looking at what stays
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exports_site.settings")
    execute_from_command_line(sys.argv)
