"""The planted lake of the serving tests, for tests of the gate and of the blend experiment."""

from podrec_assets_tests.serving.conftest import lists_world as lists_world
from podrec_assets_tests.serving.conftest import today as today
from podrec_assets_tests.serving.conftest import yesterday as yesterday
