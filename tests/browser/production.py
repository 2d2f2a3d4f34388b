"""The whole product in its other shape: a bucket as the store, Modal as the runner, set up as docs/DEPLOY.md says."""

import secrets

from tests.buckets import documented_cors
from tests.deploy_check import manage
from tests.serving import Server, free_port


class Production(Server):
    """What a page may do with the bucket is what the documented rule allows, and no more."""

    def __init__(self, home, bucket, loopback):
        port = free_port()
        self.bucket, self.loopback, self.origin = bucket, loopback, f"http://127.0.0.1:{port}"
        self.kept = secrets.token_urlsafe(12)
        known = bucket.described()
        self.environment = loopback.environment | {
            "LONGHAUL_URL": self.origin,
            "LONGHAUL_HOME": str(home),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "LONGHAUL_STORE": f"s3://{bucket.name}/longhaul",
            "LONGHAUL_STORE_ENDPOINT": bucket.endpoint,
            "LONGHAUL_STORE_KEY": known["key"],
            "LONGHAUL_STORE_SECRET": known["secret"],
            "LONGHAUL_STORE_GRANTS": "sts",
            "LONGHAUL_STORE_GRANTS_ENDPOINT": bucket.endpoint,
            "LONGHAUL_RUNNER": "modal",
            "LONGHAUL_POLL_SECONDS": "1",
        }
        bucket.cors = documented_cors(self.origin)
        account = {"DJANGO_SUPERUSER_PASSWORD": self.kept}
        named = ("--noinput", "--username", self.account, "--email", "")
        for command in (("migrate",), ("collectstatic", "--noinput"), ("createsuperuser", *named)):
            ended = manage(self.environment | account, *command)
            assert ended.returncode == 0, ended.stdout + ended.stderr
        super().__init__(home, port, **self.environment)

    @property
    def store(self):
        return self.bucket.endpoint

    def password(self):
        return self.kept

    def end(self):
        super().end()
        self.loopback.calm()
