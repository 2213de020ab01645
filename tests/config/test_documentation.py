"""What the documents say of the settings is what the model says."""

from config.documentation import DOCUMENTS, ESSENTIAL, ROOT, documented
from config.settings import describe


def test_the_documents_are_up_to_date():
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert documented(text, with_sections=name != "README.md") == text, f"{name}: run 'make docs'"


def test_every_setting_is_documented_and_the_essentials_exist():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for description in describe():
        assert f"`{description.option}`" in text
        assert f"`{description.environment}`" in text
    assert set(ESSENTIAL) <= {description.name for description in describe()}
