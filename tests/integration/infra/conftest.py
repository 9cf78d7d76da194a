"""What Microsoft's compiler makes of the templates. Without a compiler there is nothing to test:
tests/unit/infra has what can be checked without one."""

from tests.support import compiler

collect_ignore_glob = [] if compiler.found() else ["test_*.py"]
