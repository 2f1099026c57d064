internal import CKernels

/// The sizes of a product with panels that were just gathered.
struct PanelForm {
    let rows: Int
    let inner: Int
    let outputs: Int
    /// From one row of the result to the next.
    let outputStride: Int

    /// The whole product, over panels of `width` outputs.
    func product(width: Int) -> callpath_product {
        callpath_product(
            rows: rows,
            inputs: inner,
            outputs: outputs,
            out_stride: outputStride,
            first_panel: 0,
            end_panel: (outputs + width - 1) / width,
            from_end: false
        )
    }
}
