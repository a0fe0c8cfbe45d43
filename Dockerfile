# The service as one image: the service itself, and the CLI beside it for migrations and operators
# (`node dist/src/cli/main.js`). Settings come from the environment, see .env.example.
#
#   docker build --build-arg GIT_COMMIT="$(git rev-parse HEAD)" --tag flash-sale-checkout .

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ormconfig.ts ./
COPY migrations migrations
COPY src src
COPY web web
RUN npm run build
# What runs needs neither the tools that built it (one package names TypeScript for its types) nor what is for people who
# read packages.
RUN npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/typescript \
  && find node_modules -type f ! -iname 'licen[cs]e*' -regex '.*\.\(map\|md\|[cm]?ts\)' -delete

FROM node:26-slim
ENV NODE_ENV=production APP_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/web/dist web/dist
# Owned by root and run by another: what runs cannot change what it runs.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.PORT+'/health/live').then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))"]
# Without a shell in between, so that SIGTERM reaches the service and it drains. The flags are those of `npm run start:prod`,
# with which it was measured (bench/notes/hot.md says what each does).
CMD ["node", "--max-semi-space-size=64", "--no-allocation-site-pretenuring", "dist/src/main.js"]
# Last, because it differs from build to build.
ARG GIT_COMMIT=
ENV GIT_COMMIT=$GIT_COMMIT
LABEL org.opencontainers.image.title="flash-sale-checkout" \
  org.opencontainers.image.description="Flash-sale checkout: holds, orders and payments that never oversell" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.revision="$GIT_COMMIT"
