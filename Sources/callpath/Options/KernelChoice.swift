import Tensors

/// Which matrix kernels to compute with.
enum KernelChoice {
    /// Those of the fastest instruction set that the machine has.
    case auto
    /// Those of this instruction set, which the machine has.
    case only(KernelSet)

    /// Makes every product of this process use the choice.
    func select() {
        guard case .only(let set) = self else { return }
        KernelSet.select(set)
    }
}

extension KernelChoice: OptionValue {
    init?(optionText: String) {
        if optionText == "auto" {
            self = .auto
        } else if let set = KernelSet(named: optionText) {
            self = .only(set)
        } else {
            return nil
        }
    }

    var optionText: String {
        switch self {
        case .auto: "auto"
        case .only(let set): set.description
        }
    }

    static var placeholder: String { (["auto"] + KernelSet.available.map(\.description)).joined(separator: "|") }
}
