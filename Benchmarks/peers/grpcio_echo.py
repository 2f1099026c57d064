"""grpcio that sends each message back as it came, without reading it: grpcio_echo.py PORT"""
import sys
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, call):
        return grpc.unary_unary_rpc_method_handler(lambda message, context: message)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[Echo()])
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
