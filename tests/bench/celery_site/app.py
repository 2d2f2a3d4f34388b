from celery import Celery

app = Celery("bench")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # for every thread of the web server, not only for the one that imports it
