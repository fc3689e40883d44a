# syntax=docker/dockerfile:1
# One image for every role: compose names the command. It runs compiled JavaScript with the packages of production only.
ARG NODE_IMAGE=node:24.11.1-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="CDSA" \
  org.opencontainers.image.description="A self-hosted backend for an AI assistant" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3000 \
  CDSA_DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# A named volume takes over the folder's owner when it is first used.
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 3000
# `docker run --init`, or `init: true` in compose, passes signals on and reaps what parsers leave behind.
CMD ["node", "--enable-source-maps", "dist/bin/api.js"]
