# Five stages: the client that Prisma generates, the packages that production needs, the sources with both, what Node has
# compiled of them, and the image itself. `release/image-tree.ts` reads this file and lays the same tree out in a folder:
# an instruction it does not know, or an absolute path in a RUN, is refused there.
# A release names the base by its digest too: --build-arg NODE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE=node:24.21.0-bookworm-slim

FROM ${NODE} AS generate
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY release/in-image ./release/in-image
RUN node release/in-image/only.ts prisma @prisma/client && npm ci --omit=optional --ignore-scripts
COPY prisma ./prisma
RUN node prisma/generate.ts

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=peer --omit=optional --ignore-scripts
COPY release/in-image ./release/in-image
RUN node release/in-image/trim.ts && node release/in-image/bill.ts

FROM ${NODE} AS sources
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/sbom.cdx.json /app/LICENSES.txt ./
COPY prisma ./prisma
COPY examples/relying-app ./examples/relying-app
COPY views ./views
COPY src ./src
COPY --from=generate /app/src/generated ./src/generated

FROM ${NODE} AS compiled
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=sources /app ./
COPY release/in-image ./release/in-image
RUN mkdir -m 0777 compiled
# Node keeps what it compiled by user and reads it for that user alone: this one is the image's.
USER 65532:65532
ENV HOME=/app NODE_COMPILE_CACHE=/app/compiled NODE_COMPILE_CACHE_PORTABLE=1
RUN node release/in-image/compile.ts && chmod -R a+rX compiled/*
USER 0:0
RUN chmod 0755 compiled

FROM ${NODE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Doorward" \
      org.opencontainers.image.description="A passwordless OpenID Provider" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A busy process takes 70 MB less, and no more time, where the room for new objects is small and its threads share their malloc.
# The user has no entry in the list of users, so HOME says where its home is: the job queue's settings are looked for on the way there.
ENV NODE_ENV=production HOME=/app NODE_OPTIONS=--max-semi-space-size=8 MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=/app/compiled NODE_COMPILE_CACHE_PORTABLE=1
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=sources /app ./
COPY --from=compiled /app/compiled ./compiled
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 3000 3001 3002
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OPS_PORT ?? Number(process.env.PORT ?? 3000) + 2}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
