"""The command's first moment: it is loaded only where Ctrl-C is known."""

import subprocess
import sys

CTRL_C_WHILE_LOADING = """
import sys
from fedpact import entry

class Impatient:
    def find_spec(self, name, path, target=None):
        raise KeyboardInterrupt

assert not [name for name in sys.modules if name.startswith("fedpact.client")]
sys.meta_path.insert(0, Impatient())
entry.run()
"""


def test_ctrl_c_while_the_command_is_loaded_shows_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", CTRL_C_WHILE_LOADING], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
