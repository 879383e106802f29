# The images of KDR, one target each: docs/images.md. Amd64 and arm64; what runs is Node and one JavaScript file per program.
#   docker build --target agent --tag kdr-agent .
ARG BASE=node:26-bookworm-slim
# Where the programs come from: `build` makes them here from source, `prebuilt` takes the build's context for them (scripts/image-context.ts).
ARG PROGRAMS=build
# What the plugins stand on: BASE with strace, or a base of yours that has it already.
ARG PLUGINS_BASE=with-strace
# Idle processes are kept small, at a few per cent of speed: V8's young generation stays at its first size, and threads of Node share one
# arena of malloc(3) instead of keeping what each once needed. Figures: docs/images.md.

FROM --platform=$BUILDPLATFORM ${BASE} AS build
WORKDIR /src
COPY . .
RUN npm run build
ARG TARGETARCH
RUN node scripts/image-context.ts /programs ${TARGETARCH}

FROM scratch AS prebuilt
COPY . /programs/

FROM ${PROGRAMS} AS programs

FROM ${BASE} AS with-strace
RUN apt-get update && apt-get install --yes --no-install-recommends strace && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*

FROM ${BASE} AS master
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kdr-master" \
  org.opencontainers.image.description="KDR: binds Abnormals to nodes, tracks registrations, gates recoveries" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=programs /programs/master /app/
WORKDIR /app
ENV MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["node", "--max-semi-space-size=1", "/app/kdr-master.js"]

FROM ${BASE} AS agent
ARG TARGETARCH
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kdr-agent" \
  org.opencontainers.image.description="KDR: moves one node's Abnormals through the stages" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=programs /programs/koffi-${TARGETARCH} /programs/agent /app/
WORKDIR /app
ENV MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["node", "--max-semi-space-size=1", "/app/kdr-agent.js"]

FROM ${PLUGINS_BASE} AS plugins
ARG TARGETARCH
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kdr-plugins" \
  org.opencontainers.image.description="KDR: the reference plugins and sources, grouped by privilege" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=programs /programs/koffi-${TARGETARCH} /programs/plugins /app/
WORKDIR /app
ENV MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["node", "--optimize-for-size"]
CMD ["/app/kdr-plugins.js", "--group", "node"]
