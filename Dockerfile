# The build stage has the toolchain; the image that runs has the binary, the shared libraries it names, libpq for --store
# with those that it names, and nothing else: no shell, no package manager.
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libnghttp2-dev libpq5 libsqlite3-dev libssl-dev zlib1g-dev
WORKDIR /callpath
COPY . .
RUN swift build --configuration release --product callpath --static-swift-stdlib
RUN mkdir -p /image/usr/bin /image/etc /image/models \
    && cp "$(swift build --configuration release --static-swift-stdlib --show-bin-path)/callpath" /image/usr/bin/ \
    && strip /image/usr/bin/callpath \
    && { ldd /image/usr/bin/callpath; ldd /usr/lib/*/libpq.so.5; ls /usr/lib/*/libpq.so.5; } | grep -o '/[^ ]*' | sort -u \
    | xargs -I{} cp --parents -L {} /image \
    && echo 'callpath:x:65532:65532:callpath:/:/usr/bin/callpath' > /image/etc/passwd

FROM scratch
COPY --from=build /image /
USER 65532:65532
# Inside a container loopback is nobody: listen for the outside.
ENV CALLPATH_HOST=0.0.0.0
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s CMD ["/usr/bin/callpath", "health"]
ENTRYPOINT ["/usr/bin/callpath"]
CMD ["serve"]
