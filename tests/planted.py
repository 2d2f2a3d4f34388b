"""The secrets of the tests' own site. Each bears a mark, so that tests.leaks finds it anywhere."""

MARK = "canary5e7c"
SECRET_KEY = f"{MARK}-of-more-than-fifty-characters-0123456789-abcdefghij"
SETTINGS = {
    "STORE_SECRET": f"{MARK}-store",
    "GRANTS_TOKEN": f"{MARK}-grants",
    "NOTIFY_REPLIES": f"{MARK}-replies-of-the-gateway",
    "EMAIL_HOST_PASSWORD": f"{MARK}-mail",
}
