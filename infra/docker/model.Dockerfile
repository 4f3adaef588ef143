# The image of one model version: code for server and sites, and what renders its jobs, at the paths that a gateway expects.
# Interpreter /usr/local/bin/python3, rendering code below /usr/secure_runtime/src, an own folder /workspace, user 3333.
# The context is made by `images.py`: the model's folder and the wheels of all it stands on; the build needs no network.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG MEMBER
ARG VERSION
COPY wheels /wheels
COPY inventory.py /build/inventory.py
RUN python -m venv --without-pip /usr/model \
 && pip --python /usr/model/bin/python install --no-cache-dir --no-compile --no-index --find-links /wheels "${MEMBER}==${VERSION}" \
 && /usr/model/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /usr/model -p /usr/local /usr/model/lib \
 && mkdir -p /opt/fedpact \
 && /usr/model/bin/python /build/inventory.py "${MEMBER}" > /opt/fedpact/sbom.cdx.json

# What installs packages goes. A base has no library compiled, and where nothing is written each process would compile anew
# what it imports. All images share this layer.
FROM ${BASE} AS bare
RUN rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip /usr/local/bin/pip* /usr/local/bin/wheel \
 && python -m compileall -q --invalidation-mode unchecked-hash -x '/(test|idlelib|lib2to3|tkinter|turtledemo)/' /usr/local/lib/python3.11

FROM bare
ARG BASE
ARG MODEL
ARG PACKAGE
ARG MEMBER
ARG TITLE
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="${MEMBER}" \
      org.opencontainers.image.description="${TITLE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Fedpact" \
      org.opencontainers.image.base.name="${BASE}" \
      org.fedpact.model="${MODEL}" \
      org.fedpact.package="${PACKAGE}"
RUN echo 'nvflare-run:x:3333:' >> /etc/group \
 && echo 'nvflare-run:x:3333:3333::/workspace:/usr/sbin/nologin' >> /etc/passwd \
 && mkdir -p /workspace /usr/secure_runtime && chown 3333:3333 /workspace
COPY --from=build /usr/model/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages
COPY --from=build /opt/fedpact /opt/fedpact
COPY model/model.yaml /usr/secure_runtime/model.yaml
COPY model/secure_runtime/src /usr/secure_runtime/src
ENV HOME=/workspace \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /workspace
USER 3333:3333
CMD ["/usr/local/bin/python3", "-m", "nvflare.private.fed.app.client.client_train", "-h"]
