FROM node:24.19.0-alpine3.23 AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY src/client/package.json src/client/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY prepare.mjs tsconfig.json tsconfig.build.json ./
COPY prepare prepare
COPY machines machines
COPY src src
RUN node prepare.mjs build && npm prune --omit=dev --ignore-scripts

# Runs as a user without rights on a root that may be read-only: it writes to /var/lib/tokenbus alone, its spool.
FROM node:24.19.0-alpine3.23
WORKDIR /app
ENV NODE_ENV=production TOKENBUS_HTTP_HOST=0.0.0.0 TOKENBUS_DATA_DIR=/var/lib/tokenbus
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json nats.conf ./
COPY docs/errors.md docs/
RUN mkdir -p /var/lib/tokenbus && chown node /var/lib/tokenbus
USER node
VOLUME /var/lib/tokenbus
EXPOSE 7070
HEALTHCHECK --interval=5s --retries=12 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TOKENBUS_HTTP_PORT || 7070}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js", "serve"]
