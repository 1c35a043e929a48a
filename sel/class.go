package sel

// Func is a method of the library. recv is the receiver (a class named as such is a value of its type without an
// object), args the evaluated arguments: as many as the method's arity, valid only during the call. It returns a
// *Error made by Errorf; any other error counts as CodeArgument.
type Func func(t *Thread, recv Value, args []Value) (Value, error)

// Method is one method of a type.
type Method struct {
	Name  string
	Arity int  // the exact number of arguments, or Variadic
	Wraps bool // a failure inside becomes CodeCall, naming method and arity, with the failure as cause
	Call  Func
}

// Variadic is the arity of a method that takes any number of arguments.
const Variadic = -1

// Field is a field of a type, read without parentheses.
type Field struct {
	Name string
	Get  func(t *Thread, recv Value) (Value, error)
}

// Class is one type of the library: the names that the language knows it by, and what can be done with it. Classes
// are tables; library.go lists them all.
type Class struct {
	Type Type
	// Names are bound in every evaluation to the type's value without an object, so that static methods are methods of
	// that value; they also name the type in declarations and after new.
	Names []string
	// Bound are names bound like Names that are no types: Math, Util, System.
	Bound []string
	// New constructs a value from any number of arguments; nil: the class has no constructor.
	New     func(t *Thread, args []Value) (Value, error)
	Methods []Method
	Fields  []Field
}
