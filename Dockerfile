# syntax=docker/dockerfile:1
# Three stages: the client that Prisma generates, the packages that production needs, and the image itself.
ARG NODE=node:24.21-bookworm-slim

FROM ${NODE} AS generate
WORKDIR /app
COPY package.json package-lock.json ./
COPY prisma ./prisma
RUN npm ci --omit=optional --ignore-scripts && node prisma/generate.ts

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=peer --omit=optional --ignore-scripts

FROM ${NODE}
LABEL org.opencontainers.image.title="Doorward" \
      org.opencontainers.image.description="A passwordless OpenID Provider" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY prisma ./prisma
COPY src ./src
COPY views ./views
COPY --from=generate /app/src/generated ./src/generated
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 3000 3002
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OPS_PORT ?? 3002}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
