"""Django OAuth Toolkit with its own defaults, in memory; whoever comes is alice, who says yes.

Usage: django-oauth-toolkit.py PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
"""

import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

port, client_id, client_secret, redirect_uri = sys.argv[1:]

settings.configure(
    SECRET_KEY="tokenbus",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=[f"{__name__}.signed_in"],
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={"SCOPES": {"openid": "", "offline_access": ""}},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken  # noqa: E402

call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice")
application = Application.objects.create(
    client_id=client_id,
    client_secret=client_secret,
    redirect_uris=redirect_uri,
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
    skip_authorization=True,
)


def signed_in(get_response):
    def answer(request):
        request.user = alice
        request._dont_enforce_csrf_checks = True
        return get_response(request)

    return answer


def set_secret(request):
    application.client_secret = request.GET["secret"]
    application.save()
    return HttpResponse()


def revoke(request):
    for model in (RefreshToken, AccessToken, Grant):
        model.objects.all().delete()
    return HttpResponse()


urlpatterns = [
    path("o/", include("oauth2_provider.urls")),
    path("control/secret", set_secret),
    path("control/revoke", revoke),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


from django.core.wsgi import get_wsgi_application  # noqa: E402

server = make_server("127.0.0.1", int(port), get_wsgi_application(), WSGIServer, Quiet)
server.serve_forever()
