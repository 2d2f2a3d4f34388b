import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exports_site.settings")
django = get_wsgi_application()

from exports.views.lazy import lazily  # noqa: E402 - its models need Django
from exports_site.posted import QuickPosts  # noqa: E402
from exports_site.zones import zone_of  # noqa: E402
from progress.quick import QuickPolls  # noqa: E402

application = QuickPosts(QuickPolls(django, unless=lambda: lazily().driver_is_silent(), zone=zone_of))

# What is loaded by now stays. Each sweep for garbage would look through all of it, while every page waits.
gc.freeze()
