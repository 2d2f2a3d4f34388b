from django.core.wsgi import get_wsgi_application

from tests.bench.celery_site import app  # noqa: F401 - the default app of this process

application = get_wsgi_application()
