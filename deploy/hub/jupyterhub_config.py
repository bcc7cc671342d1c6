"""JupyterHub on one machine. `make hub` and the systemd unit both start it with this file.

What differs between machines is in `state/hub.json` of the hub's folder, which the variable CLASSROOM names.
"""

import json
import os
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub provides it
hub = json.loads(Path(os.environ["CLASSROOM"]).read_text())
folder, software, port = Path(hub["folder"]), Path(hub["software"]), hub["port"]
state = folder / "state"  # mode 0700: the cookie secret and the database are in it

# Loopback alone: a web server with a certificate stands in front where others are to reach it; see deploy/README.md.
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = ["node", str(software / "proxy" / hub["proxy_script"])]
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{state / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")

if hub["shared"]:  # each has an account on this machine, and its password
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.open_sessions = False
    c.PAMAuthenticator.allowed_groups = set(hub["groups"])
else:  # one account for all roles, that of whoever runs this
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = hub["password"]
c.Authenticator.allowed_users = set(hub["instructors"]) | set(hub["students"])
c.Authenticator.allow_all = False

# nbgrader takes the student's name from the unix user, so every server runs as its user.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.default_url = "/lab"
c.Spawner.notebook_dir = hub.get("notebook_dir", "")
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]  # nothing of the hub's environment but this
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120


def for_role(spawner):  # type: ignore[no-untyped-def]
    """The environment and the settings of the user's role."""
    role = "instructor" if spawner.user.name in hub["instructors"] else "student"
    binaries = software / role / "bin"
    spawner.cmd = [str(binaries / "jupyterhub-singleuser")]
    spawner.environment = {
        "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
        "JUPYTER_CONFIG_PATH": str(folder / "settings" / role),
    }


c.Spawner.pre_spawn_hook = for_role
