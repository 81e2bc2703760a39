FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY machines machines
COPY src src
RUN node_modules/.bin/tsc -p tsconfig.build.json \
 && mkdir -p dist/src/redis/scripts && cp src/redis/scripts/*.lua dist/src/redis/scripts/ \
 && npm prune --omit=dev --ignore-scripts

FROM node:24-alpine
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json nats.conf ./
RUN mkdir -p /var/lib/tokenbus && chown node /var/lib/tokenbus
USER node
EXPOSE 7070
CMD ["node", "dist/src/main.js", "serve"]
