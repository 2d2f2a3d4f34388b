# The site as an image: web, push, cluster and release are the lines of Procfile, started with this image's command.
# What it writes lies in LONGHAUL_HOME and /tmp, so all else may be read-only.
FROM python:3.11-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
# requirements-kinds.txt brings what every kind needs where exports are rendered in these containers.
ARG LOCK=requirements.txt
COPY requirements.txt requirements-kinds.txt /tmp/
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/$LOCK

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home longhaul \
  && install -d -o longhaul -g longhaul -m 700 /var/lib/longhaul
COPY --from=built /opt/venv /opt/venv
WORKDIR /opt/longhaul
COPY manage.py Procfile ./
COPY exports_site exports_site
COPY exports exports
COPY progress progress
COPY modal_functions modal_functions
COPY templates templates
COPY static static
COPY locale locale
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LONGHAUL_HOME=/var/lib/longhaul
VOLUME /var/lib/longhaul
USER 10001
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["python", "manage.py", "healthcheck", "--web"]
# The name of a line of Procfile, `web` where none is given.
ENTRYPOINT ["sh", "-c", "line=$(sed -n \"s/^$0: //p\" Procfile); case $line in *\"&&\"*) eval \"$line\" ;; *) eval \"exec $line\" ;; esac"]
CMD ["web"]
