"""A student as the lists of a learning platform have them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Person:
    """account : nbgrader's id of the student, the account's name. login : what the platform calls the same.

    lms_id : the platform's own number. sis_id : that of the institution's student information system, in Canvas.
    """

    account: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_id: str = ""
    sis_id: str = ""
    login: str = ""
    section: str = ""

    def over(self, before: Person) -> Person:
        """These values, and where one is blank, the earlier one."""
        return Person(**(asdict(before) | {name: value for name, value in asdict(self).items() if value}))


FIELDS = tuple(field.name for field in fields(Person))
