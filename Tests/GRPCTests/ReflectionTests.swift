import Testing

@testable import GRPC

struct ReflectionTests {
    private func request(_ question: ReflectionRequest.Question?) -> ReflectionRequest {
        var request = ReflectionRequest()
        request.question = question
        return request
    }

    /// Returns the field of an answer's choice, and its octets.
    private func answer(to question: ReflectionRequest.Question?) throws -> (number: UInt32, octets: [UInt8]) {
        let writer = Reflection.answer(request(question), from: .own)
        var reader = ProtobufReader(writer.octets, from: 5)
        var found: (UInt32, [UInt8])?
        while let field = try reader.nextField() {
            let range = try reader.readRange()
            if field.number > 2 { found = (field.number, Array(reader.octets[range])) }
        }
        return try #require(found)
    }

    @Test func listsTheServicesInOrder() {
        #expect(
            DescriptorIndex.own.services == [
                "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService",
            ]
        )
    }

    @Test(
        arguments: [
            "inference.GRPCInferenceService", "inference.GRPCInferenceService.ModelStreamInfer",
            "inference.ModelInferRequest", "inference.ModelInferRequest.InferInputTensor",
            "inference.ModelInferRequest.model_name", "inference.DataType",
            "inference.ModelInferRequest.ParametersEntry",
        ]
    )
    func findsTheFileOfASymbol(symbol: String) throws {
        let file = try #require(DescriptorIndex.own.file(named: "open_inference.proto"))
        #expect(DescriptorIndex.own.file(declaring: symbol) == file)
        let (number, octets) = try answer(to: .fileContaining(symbol: symbol))
        #expect(number == 4)
        #expect(octets.count > file.count)
    }

    @Test(
        arguments: [
            (.fileContaining(symbol: "inference.Nothing"), 7), (.file(name: "nothing.proto"), 7), (.services(""), 6),
            (.file(name: "grpc/health/v1/health.proto"), 4), (.extensionNumbers(type: "inference.ModelConfig"), 5),
            (.extensionNumbers(type: "Nothing"), 7), (.fileContainingExtension(ExtensionRequest()), 7), (nil, 7),
        ] as [(ReflectionRequest.Question?, UInt32)]
    )
    func answersEachQuestion(question: ReflectionRequest.Question?, number: UInt32) throws {
        #expect(try answer(to: question).number == number)
    }
}
