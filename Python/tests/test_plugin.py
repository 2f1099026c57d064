"""The fixtures in a project of somebody else."""


def test_each_test_finds_an_empty_registry(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_create(callpath_client, number):
            assert list(callpath_client) == []
            layer = callpath_client.create("layer", {"type": "ReLU"})
            callpath_client.create("net", {"type": "Sequential", "modules": [{"ref": "layer"}]})
            layer.register_forward_hook({"type": "capture"})
            callpath_client.register_module_forward_hook({"type": "capture"})
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_options_reach_the_server(pytester):
    pytester.makepyfile(
        """
        import callpath, pytest

        def test_limit(callpath_client):
            callpath_client.create("a", {"type": "ReLU"})
            with pytest.raises(callpath.CallpathError):
                callpath_client.create("b", {"type": "ReLU"})
        """
    )
    pytester.runpytest_subprocess("--callpath-arg=--max-modules=1").assert_outcomes(passed=1)


def test_a_server_that_dies_shows_its_last_lines(pytester):
    pytester.makepyfile(
        """
        def test_dies(callpath_server, callpath_client):
            callpath_client.create("a", {"type": "ReLU"})
            callpath_server._process.kill()
            callpath_server._process.wait()
            callpath_client.names()
        """
    )
    result = pytester.runpytest_subprocess("--callpath-arg=--log-level=trace")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the callpath server ended; its last lines*"])


def test_each_worker_of_xdist_has_a_server(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_create(callpath_client, number):
            callpath_client.create("same", {"type": "ReLU"})
        """
    )
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=6)
