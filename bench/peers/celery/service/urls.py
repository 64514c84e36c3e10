from django.urls import path

from .views import Tasks, TaskStatus

urlpatterns = [
    path("api/tasks/", Tasks.as_view()),
    path("api/tasks/<uuid:pk>/status/", TaskStatus.as_view()),
]
