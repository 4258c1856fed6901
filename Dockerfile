# The server in an image: `docker build -t actor-shell .`. It listens with TLS at port 7777 and keeps
# everything in /data; docker-compose.yml shows how it is run.

FROM debian:12 AS build
WORKDIR /src
COPY dev ./
RUN ./dev setup && rm -rf /var/lib/apt/lists/*
COPY . .
RUN ./dev build release actor-shell && strip build-release/bin/actor-shell

FROM debian:12-slim
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    bubblewrap ca-certificates curl git openssl \
    libboost-json1.81.0 libboost-url1.81.0 libcaf-core0.17 libcurl4 libfmt9 libjemalloc2 \
    libpcre2-8-0 libpq5 librocksdb7.8 libsecret-1-0 libsqlite3-0 libssl3 libprometheus-cpp-core1.0 libyaml-cpp0.7 libzstd1 \
    zlib1g \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --create-home --home-dir /home/actor-shell actor-shell \
  && install -d -o actor-shell -g actor-shell -m 0700 /data \
  && install -d -o actor-shell -g actor-shell -m 0755 /tls /repositories
COPY --from=build /src/build-release/bin/actor-shell /usr/local/bin/actor-shell
COPY --from=build /src/build-release/share/locale /usr/local/share/locale
COPY deploy/docker/serve.sh /usr/local/bin/serve-actor-shell
USER actor-shell
WORKDIR /home/actor-shell
VOLUME ["/data", "/tls", "/repositories"]
EXPOSE 7777
# A certificate that this container made for itself is not one that curl knows.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--cacert", "/tls/certificate.pem", "https://localhost:7777/healthz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["serve-actor-shell"]
