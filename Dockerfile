# syntax=docker/dockerfile:1
# The gateway's image: one program with everything in it, the pinned codex, bubblewrap for its sandbox, and an init.
#
#   docker build --build-arg BUILD_COMMIT=$(git rev-parse HEAD) --build-arg BUILD_DATE=$(git show -s --format=%cs) -t codex-gateway .
#
# `cargo xtask image` follows these lines without Docker, and tries what comes of them. In a stage that builds, what stands
# before its WORKDIR only brings tools; that verb uses the machine's own there.

FROM node:20-bookworm-slim AS node

# The pinned Codex CLI. Its launcher needs Node; the gateway starts the native program behind it.
FROM node AS codex
WORKDIR /codex
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The server, with the page inside.
FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
ARG BUILD_COMMIT=
ARG BUILD_DATE=
COPY . .
RUN cargo xtask build --release

FROM debian:bookworm-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends bubblewrap ca-certificates git tini \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 1000 --user-group --create-home --shell /bin/bash codex \
 && install -d -o codex -g codex -m 700 /codex-home /var/lib/codex-gateway \
 && install -d -o codex -g codex /workspace
COPY --from=codex /codex/node_modules /opt/codex-gateway/node_modules
COPY --from=build /src/target/release/codex-gateway /opt/codex-gateway/bin/
# Both on PATH; codex as the native program, for `docker exec … codex login`.
RUN ln -s /opt/codex-gateway/bin/codex-gateway /usr/local/bin/codex-gateway \
 && ln -s /opt/codex-gateway/node_modules/@openai/codex-linux-*/vendor/*/bin/codex /usr/local/bin/codex \
 && codex-gateway --version && codex --version

# A proxy before the container has an address of Docker's: CODEX_GATEWAY_TRUSTED_PROXIES has to name it.
ENV CODEX_GATEWAY_HOST=0.0.0.0
ENV CODEX_GATEWAY_CODEX_HOME=/codex-home
ENV CODEX_GATEWAY_DATA_DIR=/var/lib/codex-gateway
ENV CODEX_GATEWAY_CWD=/workspace
# For `codex` itself, when it is started by hand.
ENV CODEX_HOME=/codex-home

USER 1000:1000
WORKDIR /workspace
EXPOSE 1317
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["codex-gateway", "health"]
# The init ends what agents leave behind, and hands signals on.
ENTRYPOINT ["tini", "--", "codex-gateway"]
