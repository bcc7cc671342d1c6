# The university's login in place of the machine's passwords: pip install oauthlib oauthenticator into the instructor's
# environment, and append this to deploy/hub/jupyterhub_config.py after the part on authenticators.
# Names must be those of unix accounts: nbgrader and the spawner take the student from the unix user.
c = get_config()  # noqa: F821 - JupyterHub provides it
c.JupyterHub.authenticator_class = "oauthenticator.generic.GenericOAuthenticator"
c.GenericOAuthenticator.oauth_callback_url = "https://hub.example.edu/hub/oauth_callback"
c.GenericOAuthenticator.client_id = "…"
c.GenericOAuthenticator.client_secret = "…"  # better from the environment: OAUTH_CLIENT_SECRET
c.GenericOAuthenticator.authorize_url = "https://login.example.edu/authorize"
c.GenericOAuthenticator.token_url = "https://login.example.edu/token"
c.GenericOAuthenticator.userdata_url = "https://login.example.edu/userinfo"
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.Authenticator.allowed_users = {"grader", "ada", "emmy"}  # those who attend, and nobody else
