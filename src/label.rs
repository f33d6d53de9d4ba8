//! What labels of namespaces would break: asked of the server and judged here, before anyone is broken.
