# syntax=docker/dockerfile:1
# An image that runs the pipeline in a folder of yours, mounted at /project (docs/install.md):
#
#     docker build --target cpu -t pagetune:cpu .
#     docker build --target cuda -t pagetune:cuda .

FROM debian:12.12-slim AS base
# Tesseract reads scans; Nanum is the font for Korean where a PDF brings none. tini is process 1: it passes signals on,
# and removes processes that have ended.
# Versions are those of the Debian release: a mirror keeps no others, so that pins of packages would soon fail.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates fonts-nanum git python3 tesseract-ocr tesseract-ocr-kor tini \
    && rm -rf /var/lib/apt/lists/*
# Any user may write to the home and the project folder, so that `docker run --user` works without a further setting.
# The folder that is mounted may belong to somebody else, which Git refuses unless it is told otherwise.
RUN useradd --uid 1000 --create-home --shell /bin/bash pagetune \
    && mkdir /project /home/pagetune/.cache \
    && chown pagetune:pagetune /project /home/pagetune/.cache \
    && chmod 1777 /project /home/pagetune /home/pagetune/.cache \
    && git config --system safe.directory '*' \
    && git config --system user.name pagetune \
    && git config --system user.email pagetune@localhost
# PyTorch asks for the name of the user, which a user that is only a number does not have.
ENV HOME=/home/pagetune USER=pagetune LANG=C.UTF-8 PYTHONUNBUFFERED=1

# What `make install` needs in a clone (the dev container is this stage), and a compiler for kernels made at run time.
FROM base AS dev
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc g++ libc6-dev make python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

FROM dev AS source
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /source
COPY . .
# Where a clone has no samples any more, .dockerignore leaves nothing of these folders, and the package expects them.
RUN mkdir -p data/raw data/dialogues

FROM source AS cpu-packages
# An index of CPU builds of PyTorch. Without one, pip installs the CUDA build, which is several gigabytes larger.
ARG PIP_EXTRA_INDEX_URL
RUN --mount=type=cache,target=/root/.cache/pip pip install -c requirements.txt ".[ocr,hwp,office,ray]"

FROM source AS cuda-packages
ARG PIP_EXTRA_INDEX_URL
RUN --mount=type=cache,target=/root/.cache/pip pip install -c requirements-gpu.txt ".[gpu,ocr,hwp,office,ray]"

# The pip packages of PyTorch bring CUDA along; the host has the driver and the NVIDIA container toolkit.
FROM dev AS cuda
COPY --from=cuda-packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000:1000
WORKDIR /project
VOLUME ["/project"]
ENTRYPOINT ["tini", "--"]
CMD ["dvc", "repro"]

# The last stage is what `docker build .` builds.
FROM base AS cpu
COPY --from=cpu-packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
USER 1000:1000
WORKDIR /project
VOLUME ["/project"]
ENTRYPOINT ["tini", "--"]
CMD ["dvc", "repro"]
