# One image for the API and the worker (docker-compose.yml names the command).
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# As in bin/setup.mjs: --no-save keeps to the lock and completes it for this platform.
RUN npm install --no-save --no-audit --no-fund
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
  && node dist/worker/bundle-workflows.js \
  && node bin/after-build.mjs \
  && npm prune --omit=dev --no-save --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir /data \
  && chown node:node /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/bin ./bin
COPY --from=build /app/packages/database/migrations ./packages/database/migrations
COPY --from=build /app/temporal-config ./temporal-config
USER node
CMD ["node", "--max-semi-space-size=64", "dist/api/main.js"]
