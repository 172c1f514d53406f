# Tessera in a container; docs/deploying.md says how to run it. Builds from a clean clone: docker build -t tessera .

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The Node of the image is the one that runs: of the packages only those that the server uses, and none of their scripts.
RUN npm ci --omit=dev --ignore-scripts --no-progress

FROM node:24-slim
# Node's own code on large pages: docs/adr/0002 has what that saves.
ENV NODE_ENV=production NODE_OPTIONS=--use-largepages=silent TESSERA_HOST=0.0.0.0 TESSERA_DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY bin bin
COPY src src
RUN ln -s /app/bin/tessera.js /usr/local/bin/tessera \
  && install --directory --owner=node --group=node --mode=0700 /data
USER node
VOLUME /data
EXPOSE 10001 10002
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.TESSERA_API_PORT || 10002) + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tessera"]
CMD ["serve"]
