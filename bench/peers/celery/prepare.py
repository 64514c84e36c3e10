"""Creates the tables and a user. Prints the user's token."""

import os

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "service.settings")
django.setup()
call_command("migrate", verbosity=0)
# The service has no migrations of its own; its table refers to those of the others.
call_command("migrate", run_syncdb=True, verbosity=0)

from django.contrib.auth.models import User  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

print(Token.objects.create(user=User.objects.create_user("alice")).key)
