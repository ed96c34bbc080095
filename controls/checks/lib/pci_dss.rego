# Numbers that PCI DSS fixes and an organization may agree otherwise for its other frameworks: what is looser passes as
# agreed, and must not pass unsaid. Both end the sentence of a pass, and are empty where PCI DSS asks no more.
package lib.pci_dss

# More than PCI DSS allows.
above(number, allowed, unit) := sprintf("; %d %s is looser than PCI DSS asks (%d)", [number, unit, allowed]) if number > allowed

else := ""

# Less than PCI DSS asks.
below(number, asked, unit) := sprintf("; %d %s is looser than PCI DSS asks (%d)", [number, unit, asked]) if number < asked

else := ""
