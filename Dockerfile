# An image for CI: the static program and nothing else.
#
#   docker build -t kubectl-secctx .
#   docker run --rm -v "$PWD:/manifests:ro" kubectl-secctx check -R -f .
#
# It has no kubectl, which -k needs, and no shell. The certificates are those of the distribution: a company's own are
# given by mounting a file over /etc/ssl/certs/ca-certificates.crt.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base ca-certificates
WORKDIR /source
COPY . .
# musl's C runtime is linked in on Alpine as elsewhere, so the program runs anywhere.
RUN cargo build --release --locked

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source/LICENSE /LICENSE
COPY --from=build /source/target/release/kubectl-secctx /usr/local/bin/kubectl-secctx
ENV PATH=/usr/local/bin
# A number, so that runAsNonRoot can be kept: nobody's, as distroless images have it.
USER 65532:65532
WORKDIR /manifests
ENTRYPOINT ["kubectl-secctx"]
CMD ["--help"]
