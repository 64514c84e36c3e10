# One image for every role: `node dist/src/cli/main.js api`, `worker`, `setup`, `users …`.
# Debian, since Temporal's native core needs glibc. To pin by digest, see `docker buildx imagetools inspect TAG`.
ARG NODE_IMAGE=node:24.19.0-bookworm-slim

# No package needs its install script, so none is run.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY workflows ./workflows
COPY activities ./activities
COPY src ./src
COPY demo ./demo
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# One package has the native core for five platforms; only this image's platform is kept.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && cd node_modules/@temporalio/core-bridge/releases \
  && ls | grep -v -x "$(uname -m)-unknown-linux-gnu" | xargs rm -rf

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Taskbell" \
  org.opencontainers.image.description="A scheduled task service on Temporal" \
  org.opencontainers.image.licenses="MIT"
# Only Node.js at run time: a package manager would only help an intruder.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* /opt/yarn-* /usr/local/bin/yarn* /usr/local/bin/npm /usr/local/bin/npx \
    /usr/local/bin/corepack /usr/local/lib/node_modules \
  # A named volume that is mounted here for the first time takes over this owner and mode.
  && install -d -o node -g node -m 0700 /var/lib/taskbell
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  TASKBELL_HOME=/var/lib/taskbell
USER 1000:1000
EXPOSE 8000
ENTRYPOINT []
CMD ["node", "dist/src/cli/main.js", "api"]
