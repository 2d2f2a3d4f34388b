from django.apps import AppConfig


class ExportsSiteConfig(AppConfig):
    name = "exports_site"

    def ready(self) -> None:
        from exports_site import checks  # noqa: F401, PLC0415 - registering is the import
