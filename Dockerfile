# The first stage builds the wheel and installs it, with the pinned versions, into an environment of its own.
FROM python:3.13-slim AS build

WORKDIR /src
COPY constraints.txt ./
RUN pip install --no-cache-dir --root-user-action=ignore --constraint=constraints.txt pip \
    && python -m venv --without-pip /opt/ges-exporter
COPY pyproject.toml README.md LICENSE ./
COPY ges_exporter ges_exporter
RUN pip wheel --no-cache-dir --constraint=constraints.txt --build-constraint=constraints.txt --wheel-dir=/wheels . \
    && pip --python=/opt/ges-exporter/bin/python install --no-cache-dir --no-deps /wheels/*.whl

# The second holds only what runs.
FROM python:3.13-slim

LABEL org.opencontainers.image.title="ges-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the jobs of Huawei Cloud's Graph Engine Service (GES)" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --system --uid=9877 --user-group --no-log-init --home-dir=/var/lib/ges-exporter \
        --shell=/usr/sbin/nologin ges-exporter \
    && install --directory --owner=ges-exporter --group=ges-exporter --mode=0750 /var/lib/ges-exporter
COPY --from=build /opt/ges-exporter /opt/ges-exporter

ENV PATH=/opt/ges-exporter/bin:$PATH PYTHONUNBUFFERED=1
# By number, so that Kubernetes can tell that it is not root.
USER 9877:9877
WORKDIR /var/lib/ges-exporter
# The ledger: which jobs have been counted. It must outlive the container.
VOLUME /var/lib/ges-exporter
EXPOSE 9877

# With TLS (--web.config.file) or another port, give the container a check of its own, or --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 9877, timeout=4); c.request('GET', '/-/healthy'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["ges-exporter"]
CMD ["--config.file=/etc/ges-exporter/ges-exporter.yml", "--ledger.path=/var/lib/ges-exporter/ges-exporter.db"]
