# canarygate's image: `docker run --rm IMAGE gate --target-host https://canary.example`.
# Any base with Python >= 3.11, venv and ensurepip will do, with the same one in both stages:
# the virtual environment points at the interpreter it was made with.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# /opt/venv becomes the image and holds no pip; /opt/build installs into it and stays behind.
# Dependencies first: the layer is kept while the locks stay the same.
COPY locks/build.txt locks/runtime.txt locks/
RUN python3 -m venv /opt/build \
 && python3 -m venv --without-pip /opt/venv \
 && /opt/build/bin/pip install --require-hashes -r locks/build.txt \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-compile --require-hashes -r locks/runtime.txt \
 && find /opt/venv/lib -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +

COPY pyproject.toml README.md LICENSE ./
COPY canarygate canarygate
COPY push_metrics push_metrics
COPY locustfiles /app/locustfiles
# Bytecode comes with the image, as a read-only one would compile at every start: `import locust`
# takes 0.3 s with it and 1.0 s without, and a gate pays that once and twice more in its children.
# It is never compared with its source, whose times a builder may rewrite. The checkout's umask
# must not decide what user 10001 can read.
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheels \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-compile --no-deps --no-index /wheels/*.whl \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib \
 && chmod -R a+rX /opt/venv /app \
 && mkdir --mode=0755 /results

FROM ${BASE}
ARG BASE
ARG VERSION=unknown
LABEL org.opencontainers.image.title="canarygate" \
      org.opencontainers.image.description="May this canary take more traffic?" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"

# The official base ships its standard library without bytecode; where it is there, nothing is done.
RUN ["python3", "-c", "import compileall, re, sysconfig; raise SystemExit(not compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=1, rx=re.compile('/(test|tests|lib2to3|idlelib|ensurepip|site-packages|dist-packages)/')))"]
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# The one place that a run writes to; everything else may be mounted read-only.
COPY --from=build --chown=10001:10001 /results /results

ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLOWS_DIR=/app/locustfiles \
    RESULTS_DIR=/results
WORKDIR /app
# A number, so that Kubernetes can see for itself that it is not root.
USER 10001:10001
# No shell in between: process 1 is canarygate and gets the signals.
ENTRYPOINT ["canarygate"]
CMD ["gate"]
